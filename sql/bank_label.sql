-- bank_label, version 1: the label that carries most of a merchant's turnover in the 90 days before $at.
-- A payment that the bank did not label counts for no label; a merchant without labelled payments has none.
select merchant_id, arg_max(bank_label, turnover) as bank_label
from (
    select merchant_id, bank_label, sum(amount_eur) as turnover
    from bank_feed
    where kind = 'payment'
      and bank_label is not null
      and received_at >= $at - interval 90 day
      and received_at < $at
    group by merchant_id, bank_label
) as labelled
group by merchant_id

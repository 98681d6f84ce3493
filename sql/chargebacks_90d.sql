-- chargebacks_90d, version 1: chargebacks against a merchant in the 90 days before $at; 0 where there was none.
select merchant_id, count(*) filter (where kind = 'chargeback') as chargebacks_90d
from bank_feed
where received_at >= $at - interval 90 day
  and received_at < $at
group by merchant_id

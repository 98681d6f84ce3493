-- refund_rate, version 2: refunds for each payment in the 90 days before $at, as a fraction (not in per cent).
-- A merchant without payments has no rate.
select
    merchant_id,
    round(count(*) filter (where kind = 'refund') / nullif(count(*) filter (where kind = 'payment'), 0), 4) as refund_rate
from bank_feed
where received_at >= $at - interval 90 day
  and received_at < $at
group by merchant_id

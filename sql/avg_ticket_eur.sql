-- avg_ticket_eur, version 2: the mean payment of a merchant in the 90 days before $at, in euro (not in cents).
select merchant_id, round(avg(amount_eur), 2) as avg_ticket_eur
from bank_feed
where kind = 'payment'
  and received_at >= $at - interval 90 day
  and received_at < $at
group by merchant_id

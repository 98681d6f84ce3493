-- merchant_age_days, version 3: whole days from a merchant's first settled payment to $at.
-- Version 2 counted from the registration, which made dormant merchants look old.
select merchant_id, date_diff('day', min(received_at), $at) as merchant_age_days
from bank_feed
where kind = 'payment'
  and received_at < $at
group by merchant_id

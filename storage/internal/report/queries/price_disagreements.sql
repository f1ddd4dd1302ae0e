-- name: price_disagreements
-- Calls whose two costs, ours and what their span says, are further apart than 1 % of ours: the rule of
-- costing.Disagree. $1 project, '' for all; $2 from; $3 to, exclusive.
SELECT coalesce(provider, ''),
       coalesce(priced_model, ''),
       count(*),
       trim_scale(sum(cost_usd))::text,
       trim_scale(sum(reported_cost_usd))::text,
       trim_scale(sum(reported_cost_usd - cost_usd))::text,
       round(100 * sum(reported_cost_usd - cost_usd) / nullif(sum(cost_usd), 0), 2)::text
FROM costkey.calls
WHERE started_at >= $2 AND started_at < $3 AND ($1 = '' OR project = $1)
  AND 100 * abs(reported_cost_usd - cost_usd) > cost_usd
GROUP BY 1, 2
ORDER BY abs(sum(reported_cost_usd - cost_usd)) DESC, 1, 2

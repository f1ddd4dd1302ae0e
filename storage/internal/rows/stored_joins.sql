CROSS JOIN LATERAL (SELECT * FROM costkey.project p WHERE p.id = c.project_id OFFSET 0) AS p
CROSS JOIN LATERAL (SELECT * FROM costkey.call_attributes a WHERE a.project_id = c.project_id AND a.id = c.attributes_id OFFSET 0) AS a
CROSS JOIN LATERAL (SELECT * FROM costkey.dimension_set d WHERE d.project_id = a.project_id AND d.id = a.dimension_set_id OFFSET 0) AS d
LEFT JOIN LATERAL (SELECT * FROM costkey.call_path l WHERE l.project_id = a.project_id AND l.id = a.call_path_id OFFSET 0) AS l ON true
LEFT JOIN LATERAL (SELECT * FROM costkey.tag_set g WHERE g.project_id = c.project_id AND g.id = c.tag_set_id OFFSET 0) AS g ON true

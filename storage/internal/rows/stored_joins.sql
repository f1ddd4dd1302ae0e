JOIN costkey.project p ON p.id = c.project_id
JOIN costkey.call_attributes a ON a.project_id = c.project_id AND a.id = c.attributes_id
JOIN costkey.dimension_set d ON d.project_id = a.project_id AND d.id = a.dimension_set_id
LEFT JOIN costkey.call_path l ON l.project_id = a.project_id AND l.id = a.call_path_id
LEFT JOIN costkey.tag_set g ON g.project_id = c.project_id AND g.id = c.tag_set_id

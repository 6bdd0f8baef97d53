SELECT step, id, card FROM best JOIN search_card USING (id)

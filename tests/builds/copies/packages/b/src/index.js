export b

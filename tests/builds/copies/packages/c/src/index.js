export c

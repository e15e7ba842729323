test c

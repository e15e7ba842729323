test a

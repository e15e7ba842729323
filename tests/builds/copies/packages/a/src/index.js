export a

enum E {
	A = 1 / 0 };
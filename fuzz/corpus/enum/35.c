enum E { A,
#ifdef OPT
 B,
#endif
 C, D = 9, F };
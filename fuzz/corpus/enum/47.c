enum E { A,
  B = sizeof(int) };
#define X 1
#undef X
enum E { A = X };
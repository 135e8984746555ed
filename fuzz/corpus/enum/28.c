#define N 3
#define M (N + 1)
enum E { A = M * 2, B = BIT(3) };

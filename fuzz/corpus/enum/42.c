#define F(x) F(x)
enum { A = F(1) };
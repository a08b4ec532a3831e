// Functions for goldens about imported objects.
struct pair {
  int first;
  long second;
};
int twice(int number) { return number * 2; }
long scaled(struct pair *values, unsigned char scale) { return values ? scale : 0; }

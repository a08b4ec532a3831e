struct imported {
  int first;
  long second;
};

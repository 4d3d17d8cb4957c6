"""One test for each thing that such plugins have fallen to before."""

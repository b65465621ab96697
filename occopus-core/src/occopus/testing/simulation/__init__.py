"""A simulated cloud with every fault that a cloud has, on virtual time, from one seed."""

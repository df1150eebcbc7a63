# alloclab: everything that is built or run.

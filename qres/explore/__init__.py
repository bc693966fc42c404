"""Questions asked of `price`: budgets, intervals, break-even."""

"""`model.yaml` to a frozen `Scenario`."""

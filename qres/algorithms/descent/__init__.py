"""The descent that is linearised: how it is cut, what is planned, what is spent."""

"""Run with: KAFKA=… TIDEMARK_URL=… TOPIC=… GROUP=… python -m pytest

No test sleeps or polls: each says once that it wants to see what it wrote.
"""


def test_orders_are_added_up(orders, settle, totals):
    orders(*[("ann", amount) for amount in range(1, 21)])
    settle()
    assert totals("ann") == 210


def test_customers_are_apart(orders, settle, totals):
    orders(("bob", 5), ("cid", 7), ("bob", 6))
    settle()
    assert (totals("bob"), totals("cid")) == (11, 7)


def test_an_order_can_be_taken_back(orders, settle, totals):
    orders(("dee", 5), ("dee", -5))
    settle()
    assert totals("dee") == 0


def test_nobody_is_made_up(settle, totals):
    settle()  # nothing was written: nothing to wait for
    assert totals("eve") is None

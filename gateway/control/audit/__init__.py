"""The audit log: what was done, by whom, in a form that nobody can rewrite unseen.

Every event is a leaf of one Merkle tree (RFC 6962 §2, RFC 9162 §2.1). Each transaction that adds
events also signs the tree as it then is (a *checkpoint*), and whoever keeps one can prove later
that nothing before it was changed, cut or put in another order.
"""

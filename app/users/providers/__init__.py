"""Signing in at OpenID Connect providers: whom the operator trusts to say who somebody is."""

"""How residents show who they are: recovery, a second factor, the city's own OpenID provider."""

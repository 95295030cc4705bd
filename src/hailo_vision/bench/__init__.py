"""How fast a server answers: questions are asked, one after the other and by several clients, and summed up.

`run` needs two functions and knows no HTTP: `ask` gives the events of one answer, `look` the server's vital signs.
`over_http` has both for a running server; the daemon could give its own. All else here is pure.
"""

"""Which client may send a request, from where and how often: API keys, rate limits, hosts, origins (CORS), TLS.

http_api/web/guard.py asks here, and answers the client that is refused. This room knows no HTTP library.
"""

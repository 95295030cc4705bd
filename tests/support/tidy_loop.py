"""The event loop of tests: at its end it aborts what was closed with bytes left for a peer that does not read.

A transport that is closed waits until its bytes are out. A loop that ends before leaves it open, and the collector says
so in whichever test runs by then. In the daemon the process ends with its loop.
"""

import asyncio


class TidyLoop(asyncio.SelectorEventLoop):
    def close(self) -> None:
        if not self.is_closed() and not self.is_running():
            for transport in list(self._transports.values()):  # asyncio has no public list of them
                if transport.is_closing() and transport.get_write_buffer_size():
                    transport.abort()
            self.run_until_complete(asyncio.sleep(0))
        super().close()


class TidyPolicy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return TidyLoop()

"""Pictures are found, fetched and made into frames.

The walk of one picture through this room:

    pictures -> source -> (address, fetch) -> formats -> strip -> decode (fit, orientation) -> Frame

`pictures` is the door. `source`, `address`, `formats`, `strip`, `fit` and `orientation` are pure; `fetch` is the only
one that talks to the network, `decode` the only one that uses Pillow. What is wrong with a picture is a `BadImage` in
here and leaves the room as a RequestError that says which image it was.
"""

"""Pictures are found, fetched and made into frames.

The walk of one picture through this room:

    pictures -> source -> (address, fetch, room) -> cache -> formats -> strip (tiff) -> decode -> words and Frames
                                                            decode: decoders, orientation, tiles, fit, profile

`pictures` is the door. `fetch` is the only one that talks to the network, `room` bounds the memory of what it brings;
`decode`, `decoders` and `profile` are the only ones that use Pillow; the others but `cache` are pure. What is wrong
with a picture is a `BadImage` in here and leaves the room as a RequestError that says which image it was.
"""

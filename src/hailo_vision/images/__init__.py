"""Pictures are read, downloaded and made into frames.

The path of one picture through this room:

    pictures -> source -> (address, fetch) -> cache -> formats -> strip (jpeg, tiff) -> decode -> words and Frames
                                                            decode: decoders, orientation, tiles, fit, profile

Other rooms import `pictures`. Only `fetch` uses the network; only `decode`, `decoders` and `profile` use Pillow; the
other modules but `cache` are pure. Clients take turns at decoders and downloads (`scheduler/turns.py`). A picture that
can't be used is a `BadImage` in this room, and leaves it as a RequestError that says which image it was.
"""

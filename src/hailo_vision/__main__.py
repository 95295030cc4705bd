"""`python -m hailo_vision`, the same as the command `hailo-vision`."""

from hailo_vision.cli import main

raise SystemExit(main())

"""`python -m beam_pipeline.demo_endpoint`."""

from beam_pipeline.demo_endpoint.server import main

if __name__ == "__main__":
    main()

"""The pipeline on engines beyond the local runner. `make engines` fetches them and runs these tests."""

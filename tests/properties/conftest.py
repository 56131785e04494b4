"""The registries of the issuer's tests, for properties of the whole."""

from tests.issuer.conftest import home, pytest_collection_modifyitems

__all__ = ["home", "pytest_collection_modifyitems"]

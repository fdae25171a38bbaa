"""Errors that a caller can act on.

::

    AssayError
    ├── ConfigError (ValueError)      a setting, parameter or contract is wrong
    │   └── ContractError             the contract's file is wrong, with its line
    ├── DataError (ValueError)        the data cannot support what was asked
    │   └── QualityError              more bad rows than the contract allows
    ├── BundleError (ValueError)      a bundle is incomplete, altered or disagrees
    │   └── ParityError               a graph answers otherwise than its trainer
    ├── LedgerError (ValueError)      the ledger was altered or cannot take a record
    ├── RegistryError (LookupError)   a model, version or alias is not there
    ├── SourceError (OSError)         a source, store or service did not deliver
    └── PlatformError (RuntimeError)  this machine cannot run the platform as asked
        └── DeviceError               the device asked for is absent or does not fit

A message starts in lower case and says what was wrong, how much of it and what to do.
"""


class AssayError(Exception):
    """Base of every error that this library raises on purpose."""


class ConfigError(AssayError, ValueError):
    """A setting, a parameter or a contract is wrong."""


class ContractError(ConfigError):
    """A contract's file is wrong; the message carries file and line."""


class DataError(AssayError, ValueError):
    """The data handed in cannot support the computation asked for."""


class QualityError(DataError):
    """More rows break the contract than the contract allows."""


class BundleError(AssayError, ValueError):
    """A bundle is incomplete, altered or disagrees with itself."""


class ParityError(BundleError):
    """A graph answers otherwise than the estimator that it was made from."""


class LedgerError(AssayError, ValueError):
    """The ledger was altered, is in use, or cannot take or show a record."""


class RegistryError(AssayError, LookupError):
    """A model, version or alias is not in the registry."""


class SourceError(AssayError, OSError):
    """A source, a store or a service did not deliver."""


class PlatformError(AssayError, RuntimeError):
    """The machine cannot run the platform as asked."""


class DeviceError(PlatformError):
    """The device that a run asks for is absent, too old or too small."""

"""Acting for those who issue: agencies with their keys, and the grants that say who may issue what."""

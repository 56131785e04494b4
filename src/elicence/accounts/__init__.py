"""Acting for those who issue: agencies with their keys, clients, operators, and the grants that say who may issue what."""

"""The rules of licences: types and their catalogue, disclosure classes, requests to issue, numbers, validity, lifecycle
and grants. Nothing here stores, signs or asks the network; `licence_type` needs nothing but the standard library.
"""

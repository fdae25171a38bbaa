"""The scoring service: loads champions, checks requests, decides. No Prefect."""

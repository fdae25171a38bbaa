-- Run once, when the volume is new. POSTGRES_DB makes the database of Assay's own tables.
CREATE DATABASE prefect;
CREATE DATABASE mlflow;

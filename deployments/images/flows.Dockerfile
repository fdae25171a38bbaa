# Worker, Prefect server, MLflow server and the one-shot bootstrap: one image, other
# commands. Prefect's worker does not hear SIGTERM, hence SIGINT.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /build
COPY locks/bootstrap.txt locks/flows.txt locks/
RUN python -m venv /opt/installer && /opt/installer/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r locks/bootstrap.txt
RUN python -m venv --without-pip /opt/assay && /opt/installer/bin/uv pip install --python /opt/assay/bin/python --no-deps --require-hashes -r locks/flows.txt

FROM python:3.11.13-slim-bookworm
RUN groupadd --gid 10001 assay && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/assay --shell /usr/sbin/nologin assay && install -d -o 10001 -g 10001 /var/lib/assay /var/lib/trust
COPY --from=build /opt/assay /opt/assay
WORKDIR /app
COPY pyproject.toml prefect.yaml ./
COPY locks locks
COPY assay assay
COPY tasks tasks
COPY flows flows
COPY serving serving
COPY deployments deployments
COPY data/contracts data/contracts
COPY data/policies data/policies
ENV PATH=/opt/assay/bin:/usr/local/bin:/usr/bin:/bin
ENV HOME=/var/lib/assay
ENV PWD=/app
ENV PYTHONPATH=/app
ENV PYTHONUNBUFFERED=1
ENV PYTHONDONTWRITEBYTECODE=1
ENV ASSAY_HOME=/var/lib/assay
ENV PREFECT_HOME=/var/lib/assay/prefect
ENV PREFECT_RESULTS_LOCAL_STORAGE_PATH=/var/lib/assay/results
ENV PREFECT_SERVER_ANALYTICS_ENABLED=false
ENV PREFECT_CLI_PROMPT=false
ENV DO_NOT_TRACK=1
ENV MLFLOW_DISABLE_TELEMETRY=true
ENV MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
ENV MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false
ENV GX_ANALYTICS_ENABLED=false
ENV DVC_NO_ANALYTICS=1
ENV EVIDENTLY_DISABLE_TELEMETRY=1
ENV GIT_PYTHON_REFRESH=quiet
USER 10001:10001
EXPOSE 4200 5000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
CMD ["prefect", "worker", "start", "--pool", "local", "--type", "process", "--install-policy", "never", "--with-healthcheck"]

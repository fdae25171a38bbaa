# The scoring service: no Prefect, no pandas, no scikit-learn, and no model. Champions
# come from the registry at start.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /build
COPY locks/bootstrap.txt locks/serving.txt locks/
RUN python -m venv /opt/installer && /opt/installer/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r locks/bootstrap.txt
RUN python -m venv --without-pip /opt/assay && /opt/installer/bin/uv pip install --python /opt/assay/bin/python --compile-bytecode --no-deps --require-hashes -r locks/serving.txt

FROM python:3.11.13-slim-bookworm
RUN groupadd --gid 10001 assay && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/assay --shell /usr/sbin/nologin assay && install -d -o 10001 -g 10001 /var/lib/assay /var/lib/trust
COPY --from=build /opt/assay /opt/assay
WORKDIR /app
COPY assay assay
COPY serving serving
COPY data/contracts data/contracts
# Compiled here once: a container that compiles at each start is ready half a second later.
RUN /opt/assay/bin/python -m compileall -q assay serving
ENV PATH=/opt/assay/bin:/usr/local/bin:/usr/bin:/bin
ENV HOME=/var/lib/assay
ENV PYTHONUNBUFFERED=1
ENV PYTHONDONTWRITEBYTECODE=1
ENV OMP_NUM_THREADS=1
ENV HF_HUB_OFFLINE=1
ENV ASSAY_HOST=0.0.0.0
ENV ASSAY_HOME=/var/lib/assay
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/live', timeout=3)"]
CMD ["python", "-m", "serving"]

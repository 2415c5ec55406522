"""What can be found out before a job is started on Dataflow: credentials, the service, buckets, the image.

Each check stops what cannot work, and returns a line for what it could not find out: workers may do and
reach what the machine that launches may not.
"""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any
from urllib.parse import quote

import google.auth
from apache_beam.internal.gcp import auth
from apache_beam.io.gcp.gcsio import create_storage_client
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from google.api_core import exceptions
from google.api_core.retry import Retry, if_transient_error
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.auth.transport.requests import Request

from beam_pipeline.engines.dataflow import image_of, is_loopback, template_location
from beam_pipeline.options.config import PipelineConfig

TIMEOUT_S = 20.0
# What Beam needs to stage a job and workers to write rows, from whoever launches.
WRITE = ("storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list")
# Tokens of Google go to Google's own registries and to no other.
GOOGLE_REGISTRY = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io")
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
_IMAGE = re.compile(r"(?P<host>[^/@]+)/(?P<name>[^:@]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")
_MULTI_REGIONS = {"US": "us-", "EU": "europe-", "ASIA": "asia-"}


def check_cloud(config: PipelineConfig, options: PipelineOptions) -> list[str]:
    """Ask Google Cloud for everything that a job needs; returns what was not found out, a line each.

    Raises:
        ValueError: no job can run; one line.
    """
    check_credentials(options)
    return [*check_service(options), *check_buckets(config, options), *check_image(options)]


def check_credentials(options: PipelineOptions) -> None:
    """See that there are credentials; Beam would look for half a minute, and go on without."""
    if options.view_as(GoogleCloudOptions).no_auth:
        return
    try:
        google.auth.default(scopes=options.view_as(GoogleCloudOptions).gcp_oauth_scopes)
    except DefaultCredentialsError as error:
        raise ValueError(
            "this machine has no Google credentials: gcloud auth application-default login, "
            f"or GOOGLE_APPLICATION_CREDENTIALS ({_words(error)[:120]})"
        ) from error


def check_service(options: PipelineOptions) -> Iterator[str]:
    """Ask Dataflow for the running jobs of the project: API, permission and region work, and the name is free."""
    from apache_beam.runners.dataflow.internal.apiclient import DataflowApplicationClient
    from google.cloud import dataflow_v1beta3

    if template_location(options):
        return  # nothing is started from here
    google_options = options.view_as(GoogleCloudOptions)
    request = dataflow_v1beta3.ListJobsRequest(
        project_id=google_options.project,
        location=google_options.region,
        filter=dataflow_v1beta3.ListJobsRequest.Filter.ACTIVE,
    )
    client = DataflowApplicationClient(options, google_options.temp_location)._jobs_client
    name, place = google_options.job_name, f"{google_options.project} in {google_options.region}"
    try:
        running = [job.id for job in client.list_jobs(request, timeout=TIMEOUT_S) if job.name == name]
    except (exceptions.GoogleAPIError, GoogleAuthError, OSError) as error:
        words = _words(error)
        if "SERVICE_DISABLED" in str(error) or "has not been used in project" in words:
            raise ValueError(
                f"Dataflow is not enabled: gcloud services enable dataflow.googleapis.com --project={google_options.project}"
            ) from error
        if isinstance(error, exceptions.NotFound | exceptions.InvalidArgument):
            raise ValueError(f"Dataflow knows no {place}: {words}; see --project and --region") from error
        yield f"not checked: whether this account may start jobs of {place} ({words})"
        return
    if google_options.update and not running:  # Beam 2.77 would look for one for ever
        raise ValueError(f"--update: no job named {name} runs in {place}")
    if running and not google_options.update:
        raise ValueError(f"--job_name={name}: such a job runs already, {running[0]}; give another name, or --update for a stream")


def check_buckets(config: PipelineConfig, options: PipelineOptions) -> Iterator[str]:
    """See that the buckets of temp, staging, output and journal are there and can be written, and where they are."""
    google_options = options.view_as(GoogleCloudOptions)
    region = google_options.region or ""
    places = {
        "temp_location": google_options.temp_location,
        "staging_location": google_options.staging_location,
        "output": config.output,
        "journal": config.journal_folder,
    }
    client = create_storage_client(options, not google_options.no_auth)
    retry = Retry(predicate=if_transient_error, initial=0.5, maximum=5.0, timeout=TIMEOUT_S)
    buckets: dict[str, str] = {}
    for name, place in places.items():
        if match := re.match("gs://([^/]+)", place or ""):
            buckets.setdefault(match[1], name)
    for bucket, name in buckets.items():
        where = f"--{name}: bucket {bucket}"
        try:
            found = client.get_bucket(bucket, timeout=TIMEOUT_S, retry=retry)
            may = found.test_iam_permissions(list(WRITE), timeout=TIMEOUT_S)
        except exceptions.NotFound as error:
            raise ValueError(
                f"{where} is not there: gcloud storage buckets create gs://{bucket} --location={region or 'REGION'}"
            ) from error
        except exceptions.Forbidden as error:
            if name in ("output", "journal"):
                yield f"not checked: whether workers can write to {bucket}: this account may not look at it"
                continue
            raise ValueError(
                f"{where}: this account lacks storage.buckets.get, without which nothing is staged; give it roles/storage.admin "
                "on the bucket"
            ) from error
        except (exceptions.GoogleAPIError, GoogleAuthError, OSError) as error:
            yield f"not checked: {where} ({_words(error)})"
            continue
        lacks = [permission for permission in WRITE if permission not in may]
        if lacks:
            raise ValueError(f"{where}: this account lacks {', '.join(lacks)}; give it roles/storage.admin on the bucket")
        location = str(found.location or "").upper()
        if region and location != region.upper() and not region.startswith(_MULTI_REGIONS.get(location, "-")):
            yield f"note: bucket {bucket} is in {location} and the job in {region}: what goes between them is slower and charged"


def check_image(options: PipelineOptions) -> Iterator[str]:
    """See that the registry has the image of the workers."""
    image = image_of(options)
    if not image:
        return
    match = _IMAGE.fullmatch(image)
    if not match or ("." not in match["host"] and ":" not in match["host"]):
        raise ValueError(f"--sdk_container_image={image}: write HOST/PROJECT/REPOSITORY/NAME:TAG")
    host, reference = match["host"], match["digest"] or match["tag"] or "latest"
    try:
        status = _ask_registry(host, match["name"], reference, options)
    except (OSError, http.client.HTTPException, GoogleAuthError) as error:
        yield f"not checked: whether {host} has the image ({_words(error)})"
        return
    if status == 404:
        raise ValueError(f"--sdk_container_image={image}: {host} has no such image; build and push it first")
    if status != 200:
        yield f"not checked: whether {host} has the image (HTTP {status}); the workers' account must be allowed to read it"


def _ask_registry(host: str, name: str, reference: str, options: PipelineOptions) -> int:
    """The status with which a registry answers for the manifest of an image."""
    headers = {"Accept": MANIFESTS}
    if GOOGLE_REGISTRY.fullmatch(host) and (token := _access_token(options)):
        headers["Authorization"] = f"Bearer {token}"
    # As container engines do it: plain HTTP on the machine itself, and nowhere else.
    connect = http.client.HTTPConnection if is_loopback(f"http://{host}") else http.client.HTTPSConnection
    with closing(connect(host, timeout=TIMEOUT_S)) as connection:
        connection.request("HEAD", f"/v2/{quote(name)}/manifests/{quote(reference)}", headers=headers)
        return connection.getresponse().status


def _access_token(options: PipelineOptions) -> str:
    if options.view_as(GoogleCloudOptions).no_auth:
        return ""
    credentials: Any = auth.get_service_credentials(options)
    if credentials is None:
        return ""
    credentials = credentials.get_google_auth_credentials()
    if not credentials.valid:
        credentials.refresh(Request())
    return str(credentials.token)


def _words(error: BaseException) -> str:
    """An error on one line: the server's own words where it has any."""
    said = str(getattr(error, "message", "") or error)
    with suppress(ValueError, KeyError, TypeError):
        said = json.loads(said)["error"]["message"]
    return " ".join(said.split())[:300] or type(error).__name__

"""Secret Manager on loopback, for tests: a gRPC server that speaks the protos of the installed client library.

It has one method, the one that reads a version, and one name, whose value may change.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport
from google.cloud.secretmanager_v1.types import AccessSecretVersionRequest, AccessSecretVersionResponse

NAME = "projects/test-project/secrets/endpoint-key/versions/latest"


class SecretFake:
    """Serves one secret under `.host` until closed; `status` other than OK is what everybody is told instead."""

    def __init__(self, value: str, status: grpc.StatusCode = grpc.StatusCode.OK) -> None:
        self.value, self.status = value, status
        self.asked: list[str] = []
        request, response = AccessSecretVersionRequest.pb(), AccessSecretVersionResponse.pb()
        method = grpc.unary_unary_rpc_method_handler(self._access, request.FromString, response.SerializeToString)
        self._server = grpc.server(ThreadPoolExecutor(4))
        service = grpc.method_handlers_generic_handler(
            "google.cloud.secretmanager.v1.SecretManagerService", {"AccessSecretVersion": method}
        )
        self._server.add_generic_rpc_handlers((service,))
        self.host = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def __enter__(self) -> "SecretFake":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait()

    def client(self) -> SecretManagerServiceClient:
        return client_of(self.host)

    def _access(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request.name)
        if self.status != grpc.StatusCode.OK:
            context.abort(self.status, "said so")
        if request.name != NAME:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{request.name}] not found or has no versions.")
        answer = AccessSecretVersionResponse(name=request.name, payload={"data": self.value.encode()})
        return AccessSecretVersionResponse.pb(answer)


def client_of(host: str) -> SecretManagerServiceClient:
    """The real client, asking a fake."""
    return SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=grpc.insecure_channel(host)))

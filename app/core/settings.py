"""Every setting, read once from the environment; nothing else reads `os.environ`."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.rates import RateLimits
from app.core.sign_in_settings import SignInProviderSettings, check_names

_ENV_FILE = Path(__file__).parents[2] / ".env"


RoleName = Literal["admin", "operator", "user", "viewer"]


class ModelSettings(BaseModel):
    """One named model behind an OpenAI-compatible or Azure endpoint."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What the user chooses in the chat.")
    url: str = Field(description="Base address, as `https://host/v1`.")
    model: str = Field(description="The provider's own name for it (Azure: the deployment).")
    key: SecretStr | None = None
    api_version: str | None = Field(
        default=None, description="Only for Azure's classic API; its v1 API needs none."
    )
    images: bool = Field(
        default=True,
        description="Whether images are sent to it; one that refuses them is asked without.",
    )
    fallback: str | None = Field(
        default=None,
        description="Name of the model to use when this one does not answer.",
    )


class ToolServerSettings(BaseModel):
    """One more MCP server that the operator gives to everybody, started over stdio."""

    model_config = ConfigDict(extra="forbid")

    name: str
    command: str
    args: list[str] = []
    env: dict[str, str] = {}
    roots: list[str] = []


class ToolRule(BaseModel):
    """What the operator decides about tools: `pattern` is `server/tool`, with `*` for any."""

    model_config = ConfigDict(extra="forbid")

    pattern: str
    decision: Literal["allow", "ask", "deny"]


def _default_data() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/keiko")
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "keiko"


class Settings(BaseSettings):
    """Environment variables are `KEIKO_<FIELD>`; a `.env` file beside `keiko` is read too."""

    model_config = SettingsConfigDict(
        env_prefix="KEIKO_",
        env_file=_ENV_FILE,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    host: str = Field(default="127.0.0.1", description="Address that the web process listens on.")
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        description="Port that the web process listens on.",
    )
    data: Path = Field(
        default_factory=_default_data,
        description="Folder for the built-in servers, process ids and logs.",
    )
    database_url: str | None = Field(
        default=None,
        description="Your own PostgreSQL, as `postgresql://user:password@host/name`.",
    )
    database_owner_url: str | None = Field(
        default=None,
        description="The same database as the owner of its tables, for `migrate` alone. With it "
        "the role in KEIKO_DATABASE_URL needs, and gets, no right to change the record.",
    )
    redis_url: str | None = Field(
        default=None, description="Your own Redis or Valkey, as `redis://host:6379/0`."
    )
    public_url: str | None = Field(
        default=None,
        description="Address that browsers use when a proxy stands in front.",
    )
    owner_name: str = Field(default="owner", description="Name of the first account.")
    owner_password: SecretStr | None = Field(
        default=None,
        description="Its password, for starts that nobody watches; else a link is printed.",
    )
    model_url: str | None = Field(
        default=None,
        description="Base address of an OpenAI-compatible endpoint, as `https://host/v1`.",
    )
    model_key: SecretStr | None = Field(default=None, description="Its API key, if it wants one.")
    model_name: str | None = Field(default=None, description="The model to ask for there.")
    models: list[ModelSettings] = Field(
        default=[],
        description="Several named models as JSON; the first is the default.",
    )
    model_timeout_seconds: float = Field(
        120.0, gt=0, description="Longest silence of a model before its answer counts as stalled."
    )
    model_discovery: bool = Field(
        default=True,
        description="Look for Ollama and LM Studio on their usual local ports.",
    )
    tool_servers: list[ToolServerSettings] = Field(
        default=[],
        description="More MCP servers for everybody, as JSON (started over stdio).",
    )
    tool_rules: list[ToolRule] = Field(
        default=[],
        description="What holds of tools for everybody, as JSON:"
        ' `[{"pattern": "git/*", "decision": "ask"}]`; `allow`, `ask` or `deny`.',
    )
    approval_hours: int = Field(
        default=168, ge=1, le=8760, description="How long a question whether a tool may run waits."
    )
    question_patience_seconds: float = Field(
        default=120.0,
        ge=0,
        description="How long a tool call waits in its midst for what its server asks you. Later "
        "the task rests, and the call is made again.",
    )
    sampling_tokens: int = Field(
        default=20_000,
        ge=0,
        description="How many tokens the model may write in one task for servers of tools.",
    )
    sampling_requests: int = Field(
        default=10,
        ge=0,
        description="How often servers of tools may use the model in one task.",
    )
    tool_timeout_seconds: float = Field(
        default=60.0, gt=0, description="Longest a tool call may take."
    )
    task_timeout_seconds: int = Field(
        default=1800,
        ge=1,
        le=7200,
        description="Longest a turn may take (seed: agent execution).",
    )
    retry_delay_seconds: float = Field(
        default=60.0, gt=0, description="Before the first further try of a background task."
    )
    audit_retention_days: int = Field(
        default=90,
        ge=30,
        le=2555,
        description="How long entries stay on record; their seals stay for ever.",
    )
    worker_slots: int = Field(default=1000, ge=1, description="Turns that one worker runs at once.")
    mcp_commands: list[str] = Field(
        default=[],
        description="Programs that registered MCP servers may be started with, as JSON. Whoever may"
        " sign in may then run them: name a whole beginning (`uvx mcp-server-time`) rather than"
        " `uvx` or `npx`, which run any package.",
    )
    mcp_roots: list[str] = Field(
        default=[],
        description="Folders of this machine that registered MCP servers may be told of, and all in"
        ' them, as JSON: `["/srv/documents"]`. Some servers take what they are told of as leave.',
    )
    user_files_mb: int = Field(
        default=2000, ge=0, description="Megabytes that the files of one user may take."
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="What secrets in the database are sealed with: 32 bytes in base64; several with"
        " commas, the first seals, all open. Else a file `secret.key` is made in the data folder.",
    )
    second_factor: Annotated[list[RoleName], NoDecode] = Field(
        default=[],
        description="Roles that must sign in with a second factor, with commas: `admin,operator`.",
    )
    outbound_private: list[str] = Field(
        default=[],
        description="Host names and networks inside your own network that webhooks, notifications"
        " and MCP servers may be called at, as JSON.",
    )
    trusted_proxies: list[str] = Field(
        default=[],
        description='Addresses and networks of the proxies in front, as JSON: `["127.0.0.1"]`. Who'
        " asks is read from their `X-Forwarded-For` and `X-Forwarded-Proto`, from nobody else's.",
    )
    rate_limits: RateLimits = Field(
        default=RateLimits(),
        description="What one client may do in a minute, as JSON, each with its own default:"
        f" {', '.join(f'`{name}`' for name in RateLimits.model_fields)}.",
    )
    sign_in_providers: Annotated[list[SignInProviderSettings], AfterValidator(check_names)] = Field(
        default=[],
        description="OpenID Connect providers at which people may sign in, as JSON; see"
        " docs/sign-in.md.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Server for e-mail: `smtp://user:password@host:587` (STARTTLS), `smtps://…`"
        " (TLS) or `smtp+plain://…` (neither).",
    )
    smtp_from: str | None = Field(default=None, description="The address that e-mail comes from.")
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    browser: str | None = Field(
        default=None, description="Chrome or Chromium for the browser tests, if not found by name."
    )
    worker_name: str | None = Field(
        default=None,
        exclude=True,
        description="What a worker is called whose dead predecessor had the same name.",
    )
    listen_fd: int | None = Field(
        default=None,
        exclude=True,
        description="The open web port, given to web by `keiko up` alone.",
    )

    @field_validator("second_factor", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return [name.strip() for name in value.split(",") if name.strip()]

    @property
    def run_folder(self) -> Path:
        """Where every process writes its id as `<process>.pid`."""
        return self.data / "run"


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()


Environment = Annotated[dict[str, str], "what a child process is started with"]


def child_environment(**extra: str) -> Environment:
    """This process's environment for a child, with `extra` on top."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", **extra}


def foreign_environment(**extra: str) -> Environment:
    """What a program that is not ours may know: no KEIKO_* secret, no Python path of ours."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("KEIKO_", "PYTHON"))}
    return {**keep, **extra}


def set_environment(**values: str) -> None:
    """Tell a library what it reads from nowhere but the environment (Chainlit does so)."""
    os.environ.update(values)


def python() -> str:
    """The interpreter that children of this process are started with."""
    return sys.executable


def terminal_language() -> str:
    """`de` for a person whose terminal speaks German, else `en`."""
    spoken = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "de" if next(filter(None, spoken), "").startswith("de") else "en"

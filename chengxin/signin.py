"""Who somebody is and what pages that opens, as a jupyter_server identity provider."""

from typing import Any

from jupyter_server.auth import IdentityProvider, User


class DemoIdentity(IdentityProvider):
    """Nobody signs in: whoever sits at this machine is 演示."""

    auth_enabled = True
    login_available = False
    logout_available = False

    def get_user(self, handler: Any) -> User:
        return User("demo", "演示", "演示")

    def may_open(self, user: User, path: str) -> bool:
        return True

    def identity(self, user: User) -> dict[str, Any]:
        return {"who": user.username, "name": user.name, "role": "city"}

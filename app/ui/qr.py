"""What an authenticator app scans."""

import segno

from app.users.totp import Draft


def qr_code(draft: Draft) -> str:
    """The draft of an app as a picture in the page: SVG without styles."""
    code = segno.make(draft.uri, error="m", micro=False)
    picture: str = code.svg_inline(
        border=3, omitsize=True, svgclass=None, lineclass=None, light="#fff"
    )
    return picture

"""when feeds are due, how far webhooks are, and the sites of listings

Revision: 0002, after 0001

Listings from before have no site until they are decided again; they then count for wider scopes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name, kind in (
        ("checked_at", sa.BigInteger()),
        ("due_at", sa.BigInteger()),
        ("failures", sa.Integer()),
    ):
        op.add_column("feed", sa.Column(name, kind, server_default="0", nullable=False))
    op.add_column("listing", sa.Column("site", sa.String(length=255), server_default="", nullable=False))
    op.create_index(op.f("ix_listing_site"), "listing", ["site"])
    op.create_table(
        "widening",
        sa.Column("subject_id", BigId, autoincrement=False, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=255), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_widening_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_widening")),
    )
    op.create_index(op.f("ix_widening_site"), "widening", ["site"])
    op.create_table(
        "webhook",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_webhook")),
    )


def downgrade() -> None:
    op.drop_table("webhook")
    op.drop_table("widening")
    op.drop_index(op.f("ix_listing_site"), "listing")
    op.drop_column("listing", "site")
    for name in ("failures", "due_at", "checked_at"):
        op.drop_column("feed", name)

"""Tables of the room route_planning: a day's plan and its stops."""

from datetime import date, time

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.core.db import Audited, Key, Model, Name, Timestamped, Versioned
from crm.directory.models import Practice


class RoutePlan(Audited, Versioned, Timestamped, Model):
    """One person's plan for one day: where it starts and ends, when, and how long a visit takes."""

    __tablename__ = "route_plan"
    __table_args__ = (UniqueConstraint("owner_id", "plan_on"),)

    id: Mapped[Key]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    plan_on: Mapped[date]
    starts_at: Mapped[time]
    start_name: Mapped[Name]
    start_latitude: Mapped[float]
    start_longitude: Mapped[float]
    end_name: Mapped[Name]
    end_latitude: Mapped[float]
    end_longitude: Mapped[float]
    visit_minutes: Mapped[int] = mapped_column(default=20)
    is_in_typed_order: Mapped[bool] = mapped_column(default=False)  # a person fixed the order

    stops: Mapped[list["RouteStop"]] = relationship(
        cascade="all, delete-orphan", order_by="RouteStop.position", back_populates="plan"
    )

    @property
    def audit_label(self) -> str:
        """Named after its day."""
        return f"Plan for {self.plan_on:%Y-%m-%d}"


class RouteStop(Model):
    """A practice on a plan, at its place in the order; `visit_id` once it was turned into a planned visit."""

    __tablename__ = "route_stop"
    __table_args__ = (UniqueConstraint("plan_id", "practice_id"),)

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("route_plan.id", ondelete="CASCADE"))
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"), index=True)
    position: Mapped[int]  # counts from 1
    typed_position: Mapped[int]  # the order in which stops were chosen, to compare with
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))

    plan: Mapped[RoutePlan] = relationship(back_populates="stops")
    practice: Mapped[Practice] = relationship()

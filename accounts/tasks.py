from celery import shared_task

from accounts import resetting


@shared_task(acks_late=True, ignore_result=True)
def send_password_reset(user_id: int | None) -> None:
    resetting.send(user_id)
